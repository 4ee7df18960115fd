"""The map's data as columnar files: kept in memory, cut by scope, made anew when the ledger grew.

`geo.packing` says what a file looks like, `parts` what is in each.
"""

from inspections.map_files.editions import Edition
from inspections.map_files.keeping import Kept, MapFiles, MapNotReady
from inspections.map_files.overview import Found, find_sites
from inspections.map_files.parts import PARTS, MapFile
from inspections.map_files.scopes import Scope
