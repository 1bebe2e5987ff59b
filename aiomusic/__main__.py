"""``python -m aiomusic``, the same as ``aiomusic``."""

import sys

from aiomusic.cli import main

sys.exit(main())
