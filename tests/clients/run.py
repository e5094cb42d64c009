#!/usr/bin/env python3
"""Builds the sandbox, installs the vendor's client under the target folder, and walks the one with the other.

Needs Rust, Python from 3.9 on with venv or pip, and the package registry.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


def main():
    binary = built()
    python, environment = installed(binary.parents[2] / "clients")
    environment = {**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"}
    walk = [python, str(HERE / "walk.py"), str(binary)]
    return subprocess.run(walk, env=environment, check=False).returncode


def built():
    """The sandbox, where cargo says that it is."""
    command = ["cargo", "build", "--locked", "--all-features", "--example", "sandbox"]
    told = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"],
        cwd=HERE.parent.parent, stdout=subprocess.PIPE, encoding="utf-8", check=True,
    )
    messages = [json.loads(line) for line in told.stdout.splitlines()]
    return Path(next(found["executable"] for found in reversed(messages) if found.get("executable")))


def installed(folder):
    """A Python that has the client, and what it must find in its environment. Installed once in a folder, and anew when
    what is required changes."""
    wanted = f"{sys.version}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    done = folder / "installed.txt"
    inside = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    packages = folder / "packages"
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        venv = [sys.executable, "-m", "venv", "--clear", str(inside.parents[1])]
        if subprocess.run(venv, stdout=subprocess.DEVNULL, check=False).returncode == 0:
            install([str(inside), *pip])
        else:
            # Some systems have Python without what makes such environments whole.
            print("  no environment of its own: the client is put into a folder", flush=True)
            inside.unlink(missing_ok=True)
            install([sys.executable, *pip, "--upgrade", "--target", str(packages)])
        done.parent.mkdir(parents=True, exist_ok=True)
        done.write_text(wanted, encoding="utf-8")
    if inside.exists():
        return str(inside), {}
    return sys.executable, {"PYTHONPATH": str(packages)}


def install(command):
    if subprocess.run(command, check=False).returncode != 0:
        needed = "Python with pip or a whole venv (on Debian: the package python3-venv), and the package registry"
        sys.exit(f"the vendor's client could not be installed, which needs {needed}")


if __name__ == "__main__":
    sys.exit(main())
