"""A sandbox with a file knows after a restart what it was told before; one that is asked wrongly does not start, and
one that is asked to end does."""

import socket
import subprocess
import tempfile
import time
from pathlib import Path

from metronome import BadRequestError

from desk import Desk
from sandbox import Sandbox


def walk(binary):
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "billing.redb")
        with Sandbox(binary, "--store", file) as sandbox:
            desk = Desk(sandbox.address)
            customer = desk.done(desk.client.v1.customers.create, name="Stays").data.id
        with Sandbox(binary, "--store", file) as sandbox:
            desk = Desk(sandbox.address)
            found = desk.done(desk.client.v1.customers.retrieve, customer_id=customer).data
            assert found.name == "Stays"
            second = started(binary, "--port", "0", "--store", file)
            assert second.returncode == 1 and "sandbox: " in second.stderr, second
            port = sandbox.address.rpartition(":")[2]
            taken = started(binary, "--port", port)
            assert taken.returncode == 1 and f"sandbox: port {port}: " in taken.stderr, taken
    for arguments in (["--port", "65536"], ["--port", "x"], ["--store"], ["colour"]):
        wrong = started(binary, *arguments)
        assert wrong.returncode == 2 and "error: " in wrong.stderr, wrong
    told = started(binary, "--help")
    assert told.returncode == 0 and "--store" in told.stdout, told
    ends(binary)
    print("  restarts: done")


def ends(binary):
    """Ctrl-c is heard as soon as the address is told. A call that never ends is waited for, but not the second time."""
    for _ in range(20):
        with Sandbox(binary):
            pass
    with socket.socket() as client:
        with Sandbox(binary) as sandbox:
            address = ("127.0.0.1", int(sandbox.address.rpartition(":")[2]))
            client.connect(address)
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 100 "), "the call is not begun"
            sandbox.interrupt()
            while listens(address):
                time.sleep(0.01)
            asked = time.monotonic()
        took = time.monotonic() - asked
        assert took < 4, f"the sandbox took {took} s to end"


def listens(address):
    try:
        socket.create_connection(address).close()
    except OSError:
        return False
    return True


def started(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, encoding="utf-8", timeout=30, check=False)
