"""The Python client for producers and readers.

with Renown("http://127.0.0.1:8000") as renown:
    renown.event("seller:42", "review", value=5, actor="buyer:7", id="rev-1")
    print(renown.standing("seller:42").score)
"""

from renown.client.answers import Answer
from renown.client.client import Renown
from renown.client.failures import RefusedError, UnreachableError

__all__ = ["Answer", "RefusedError", "Renown", "UnreachableError"]
