import ipaddress
import socket

from config.lan import interface_addresses, lan_addresses


def test_the_addresses_are_this_machines_and_never_loopback() -> None:
    addresses = lan_addresses()
    assert len(addresses) == len(set(addresses))
    for address in addresses:
        assert not ipaddress.ip_address(address).is_loopback
        with socket.socket() as own:
            own.bind((address, 0))


def test_an_access_point_without_a_default_route_still_finds_its_address() -> None:
    assert set(lan_addresses()) <= set(interface_addresses())
