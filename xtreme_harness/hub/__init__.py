"""Whatever asks the Hub, for data or for models: one rule for how long it is waited for, one message when it is silent.

`patience` states the rule, `transport` keeps every request of `huggingface_hub` to it, `ask` is what others call.
"""

from xtreme_harness.hub.ask import ask, fetch_file, fetch_files, listening, silence, unstored
from xtreme_harness.hub.patience import one_line

__all__ = ["ask", "fetch_file", "fetch_files", "listening", "one_line", "silence", "unstored"]
