"""The system libraries that Blender's Python module loads, and the Debian packages that hold them.

The bpy wheels carry almost everything; these few they expect from the system (read off the wheels of
4.2.23, 4.5.15 and 5.0.1 with ldd). A desktop has them all, a container usually none.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

from core.errors import InputError

DEBIAN_PACKAGES = {
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
}


def require() -> None:
    """See to it that Blender's libraries are there. Raises InputError naming them and the command that installs them.

    Root on a Debian-like system is a container or a build machine: there they are installed at once.
    """
    missing = _missing()
    if not missing:
        return
    said = ""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Blender needs {', '.join(missing)}, which this system lacks: apt-get installs them.", flush=True)
        said = _apt_get("update") + _apt_get("install", "-y", "--no-install-recommends", *_packages(missing))
        missing = _missing()
    if missing:
        print(said, file=sys.stderr, end="", flush=True)
        raise InputError(
            "missing-library",
            f"Blender needs {', '.join(missing)}, which this system lacks.",
            f"On Debian and Ubuntu: sudo apt-get install {' '.join(_packages(missing))}",
        )


def _packages(libraries: list[str]) -> list[str]:
    return [DEBIAN_PACKAGES[library] for library in libraries]


def _apt_get(*arguments: str) -> str:
    """What apt-get said, if it failed; otherwise nothing."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout + done.stderr if done.returncode else ""


def _missing() -> list[str]:
    if sys.platform != "linux":
        return []
    return [library for library in DEBIAN_PACKAGES if not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
