#!/bin/bash
# Networks of namespaces with shaped links, for real traffic between "hosts" on one machine. Needs root.
#   namespaces.sh up HOSTS RATE               hosts ithaca0.. on one switch, each link RATE both ways
#   namespaces.sh up2 NODES RANKS NIC RATE    nodes of RANKS hosts, which share a NIC of rate NIC to the others
#   namespaces.sh down
# Host i has the address 10.86.0.(10 + i). Only the namespaces ithaca* are touched.
set -eu

switch=ithaca-switch

shape() { # NAMESPACE DEVICE RATE
  tc -n "$1" qdisc add dev "$2" root tbf rate "$3" burst 32kb limit 1mb
}

add_switch() {
  ip netns add $switch
  ip -n $switch link set lo up
}

add_bridge() { # NAME
  ip -n $switch link add "$1" type bridge
  ip -n $switch link set "$1" up
}

add_host() { # NUMBER BRIDGE RATE
  local host=ithaca$1 address=10.86.0.$((10 + $1))
  ip netns add "$host"
  ip link add wire netns "$host" type veth peer name port"$1" netns $switch
  ip -n "$host" link set lo up
  ip -n "$host" addr add $address/24 dev wire
  ip -n "$host" link set wire up
  ip -n "$host" route replace 10.86.0.0/24 dev wire src $address congctl cubic
  ip netns exec "$host" sysctl -qw net.ipv4.tcp_slow_start_after_idle=0
  ip -n $switch link set port"$1" master "$2"
  ip -n $switch link set port"$1" up
  shape "$host" wire "$3"
  shape $switch port"$1" "$3"
}

down() {
  for namespace in $(ip netns list | cut -d ' ' -f 1 | grep '^ithaca' || true); do
    ip netns pids "$namespace" | xargs -r kill -9
    ip netns delete "$namespace"
  done
}

case $1 in
  up)
    add_switch
    add_bridge core
    for ((i = 0; i < $2; ++i)); do add_host $i core "$3"; done
    ;;
  up2)
    add_switch
    add_bridge core
    for ((n = 0; n < $2; ++n)); do
      add_bridge node$n
      ip -n $switch link add nic$n type veth peer name trunk$n
      ip -n $switch link set nic$n master node$n up
      ip -n $switch link set trunk$n master core up
      shape $switch nic$n "$4"
      shape $switch trunk$n "$4"
      for ((r = 0; r < $3; ++r)); do add_host $((n * $3 + r)) node$n "$5"; done
    done
    ;;
  down) down ;;
  *)
    echo "namespaces.sh: up, up2 or down" >&2
    exit 2
    ;;
esac
