"""Names for Values that have no label; the ledger needs them too, so they are found in engine.names."""

from engine.names import MOST as MOST
from engine.names import names_of as names_of
