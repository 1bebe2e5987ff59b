"""
Every situation: what the service says, in order, and what the user must see.

A new one is one more entry in the table of what is said in it: creates, polls or
files.
"""

from situation import Situation
from table_creates import CREATES
from table_files import FILES
from table_polls import POLLS

__all__ = ["SITUATIONS"]

SITUATIONS: dict[str, Situation] = {**CREATES, **POLLS, **FILES}
