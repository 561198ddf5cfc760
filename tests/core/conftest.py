"""What every test of the engine's parts runs under."""

from __future__ import annotations

import os

# As the command line does, and before torch is loaded: waiting threads do not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
