"""The example `sandbox` as a process: started on a port of the system's choice, ended as by ctrl-c."""

import re
import signal
import subprocess
import tempfile


class Sandbox:
    """A running sandbox. `log` holds its log's lines once it has ended."""

    def __init__(self, binary, *arguments):
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        command = [binary, "--port", "0", *arguments]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._errors, encoding="utf-8"
        )
        said = self._process.stdout.readline()
        told = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", said)
        assert told, f"the sandbox's first line is {said!r}"
        self.address = told[1]
        self.log = []

    def __enter__(self):
        return self

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def __exit__(self, failure, *_):
        if failure is not None:
            self._process.kill()
            self._process.wait()
            return
        self.interrupt()
        status = self._process.wait(timeout=30)
        self._errors.seek(0)
        self.log = self._errors.read().splitlines()
        assert status == 0, f"the sandbox ended with {status}: {self.log[-3:]}"
        more = self._process.stdout.read()
        assert more == "", f"the sandbox said more than its address: {more!r}"
