"""The addresses under which phones on the same network can reach this machine. Nothing is sent to find out."""

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator

if sys.platform != "win32":
    import fcntl

# linux/sockios.h: get an interface's IPv4 address.
SIOCGIFADDR = 0x8915
# Bridges and tunnels of containers and virtual machines: no phone is on the other side.
VIRTUAL = ("docker", "br-", "veth", "virbr", "vmnet", "lxc", "cni", "podman")


def lan_addresses() -> list[str]:
    """This machine's IPv4 addresses in its networks, the most likely one first; empty when it has none but loopback."""
    found = [_default_route(), *interface_addresses()]
    usable = (address for address in found if address and not ipaddress.ip_address(address).is_loopback)
    # Addresses a machine gives itself when nobody else does (169.254…) work between two machines at best.
    unique = dict.fromkeys(usable)
    return sorted(unique, key=lambda address: ipaddress.ip_address(address).is_link_local)


def _default_route() -> str | None:
    # Connecting a UDP socket only asks the kernel which address it would use; 192.0.2.1 is reserved for documentation.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            # An access point without internet has no default route.
            return None
        return str(probe.getsockname()[0])


def interface_addresses() -> Iterator[str]:
    """The IPv4 address of every interface that is up, loopback too, those of containers last."""
    if sys.platform == "win32":
        yield from socket.gethostbyname_ex(socket.gethostname())[2]
        return
    names = [name for _, name in socket.if_nameindex()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as query:
        for name in sorted(names, key=lambda name: name.startswith(VIRTUAL)):
            try:
                answer = fcntl.ioctl(query, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                # The interface is down or has no IPv4 address.
                continue
            yield socket.inet_ntoa(answer[20:24])
