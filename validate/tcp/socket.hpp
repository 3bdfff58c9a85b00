#pragma once
// A TCP connection with deadlines. Every call ends by itself: with what was asked for, or with the reason why not.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "model/quantity.hpp"
#include "model/result.hpp"

namespace ithaca {

/// "10.0.0.1" and 5000. Port 0 lets the system choose.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};
Result<Endpoint, std::string> parse_endpoint(const std::string& text);  ///< host:port

using Trouble = std::optional<std::string>;  ///< none: it went well

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  /// Listens on that address and no other.
  static Result<Socket, std::string> listen(const Endpoint& at);
  /// Tries again until the other side listens or the time is over.
  static Result<Socket, std::string> connect(const Endpoint& to, Seconds patience);

  Result<Socket, std::string> accept(Seconds patience) const;
  /// How long send() and receive() wait for the other side to move.
  void set_patience(Seconds patience) const;
  Trouble send(std::span<const std::byte> bytes) const;
  Trouble receive(std::span<std::byte> bytes) const;

  /// Of a listening or a connected socket.
  Endpoint local() const;
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

}  // namespace ithaca
