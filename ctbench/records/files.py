from ctbench.spec.files import *  # noqa: F403 - temporary
from ctbench.spec.files import atomic_path, read_json, write_json, write_text  # noqa: F401
