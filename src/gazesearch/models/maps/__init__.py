"""Maps that were made elsewhere as models: read from a file, or asked of a function.

`docs/guide/likelihood.md` describes the file format.
"""

from gazesearch.models.maps.files import FileMaps, open_maps
from gazesearch.models.maps.functions import FunctionMaps, from_function
from gazesearch.models.maps.storage import SUFFIXES
from gazesearch.models.maps.writing import write_maps

__all__ = ["SUFFIXES", "FileMaps", "FunctionMaps", "from_function", "open_maps", "write_maps"]
