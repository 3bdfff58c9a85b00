#include "validate/tcp/socket.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

namespace ithaca {
namespace {

std::string said(const std::string& what) { return what + ": " + std::strerror(errno); }

std::string text(const Endpoint& at) { return at.host + ":" + std::to_string(at.port); }

struct Addresses {
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> list{nullptr, freeaddrinfo};
};

Result<Addresses, std::string> resolve(const Endpoint& at, bool to_listen) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = to_listen ? AI_PASSIVE : 0;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &hints, &found);
  if (failed != 0) return "'" + at.host + "' is no address: " + gai_strerror(failed);
  Addresses addresses;
  addresses.list.reset(found);
  return addresses;
}

void set_option(int descriptor, int level, int option) {
  const int on = 1;
  setsockopt(descriptor, level, option, &on, sizeof on);
}

using Clock = std::chrono::steady_clock;

}  // namespace

Result<Endpoint, std::string> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Endpoint at{text.substr(0, colon), 0};
  if (colon == std::string::npos || at.host.empty()) return "'" + text + "' is no address: write host:port";
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, at.port);
  if (error != std::errc{} || stop != end) return "'" + text + "' has no port from 0 to 65535";
  return at;
}

Socket::~Socket() {
  if (is_open()) ::close(descriptor_);
}
Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Result<Socket, std::string> Socket::listen(const Endpoint& at) {
  const auto addresses = resolve(at, true);
  if (!addresses) return addresses.error();
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return said("no socket");
  set_option(socket.descriptor_, SOL_SOCKET, SO_REUSEADDR);
  const addrinfo& first = *addresses->list;
  if (::bind(socket.descriptor_, first.ai_addr, first.ai_addrlen) != 0) return said("cannot listen on " + text(at));
  if (::listen(socket.descriptor_, 1024) != 0) return said("cannot listen on " + text(at));
  return socket;
}

Result<Socket, std::string> Socket::connect(const Endpoint& to, Seconds patience) {
  const auto addresses = resolve(to, false);
  if (!addresses) return addresses.error();
  const auto deadline = Clock::now() + std::chrono::duration<double>(patience.value());
  do {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return said("no socket");
    socket.set_patience(patience);  // of connect() too
    const addrinfo& first = *addresses->list;
    if (::connect(socket.descriptor_, first.ai_addr, first.ai_addrlen) == 0) {
      set_option(socket.descriptor_, IPPROTO_TCP, TCP_NODELAY);
      return socket;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  } while (Clock::now() < deadline);
  return said("cannot reach " + text(to));
}

Result<Socket, std::string> Socket::accept(Seconds patience) const {
  pollfd wait{descriptor_, POLLIN, 0};
  const int ready = ::poll(&wait, 1, static_cast<int>(patience.value() * 1e3));
  if (ready == 0) return std::string("nobody came");
  if (ready < 0) return said("cannot wait for connections");
  Socket socket(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.is_open()) return said("cannot take a connection");
  set_option(socket.descriptor_, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

void Socket::set_patience(Seconds patience) const {
  timeval limit{};
  limit.tv_sec = static_cast<time_t>(patience.value());
  limit.tv_usec = static_cast<suseconds_t>((patience.value() - std::floor(patience.value())) * 1e6);
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Trouble Socket::send(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return "the other side takes nothing any more";
    if (sent < 0) return said("cannot send");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return std::nullopt;
}

Trouble Socket::receive(std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return "the other side is silent";
    if (got < 0) return said("cannot receive");
    if (got == 0) return "the other side has closed the connection";
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

Endpoint Socket::local() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  char host[INET_ADDRSTRLEN] = "";
  if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
  return {host, ntohs(address.sin_port)};
}

}  // namespace ithaca
