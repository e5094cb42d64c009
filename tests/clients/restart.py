"""A sandbox with a file knows after a restart what it was told before; one that is asked wrongly does not start."""

import subprocess
import tempfile
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
            taken = started(binary, "--port", sandbox.address.rpartition(":")[2])
            assert taken.returncode == 1 and "sandbox: " in taken.stderr, taken
    for arguments in (["--port", "65536"], ["--port", "x"], ["--store"], ["colour"]):
        wrong = started(binary, *arguments)
        assert wrong.returncode == 2 and "error: " in wrong.stderr, wrong
    told = started(binary, "--help")
    assert told.returncode == 0 and "--store" in told.stdout, told
    print("  restarts: done")


def started(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, encoding="utf-8", timeout=30, check=False)
