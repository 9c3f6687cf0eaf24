"""`feeds`, and the feeds that a run writes: as files that a web server serves while they are being replaced."""

import fcntl
import json
import os
import stat
import subprocess
import sys

import pytest

from cron.feeding import write_files
from tests.editions import ECDS_ADDED, HARROWDALE, REGISTER, Watch, with_project
from tests.nights import Nights
from tests.register_server import register_server
