"""A real Slurm on 127.0.0.1: slurmctld and a slurmd for each of two made-up nodes, as root on Debian, no systemd."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
from made import until
from slurm import said

NODES, CONF = 2, Path("/etc/slurm/slurm.conf")
CONFIG = """\
ClusterName=loop
SlurmctldHost=localhost(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
SlurmctldPort=16817
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdSpoolDir={folder}/spool.%n
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=1,sched_interval=2,batch_sched_delay=0
JobRequeue=1
ReturnToService=2
SlurmdTimeout=10
MinJobAge=7200
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
AccountingStorageType=accounting_storage/none
{nodes}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=120 PriorityTier=1 GraceTime=10 State=UP
PartitionName=urgent Nodes=ALL MaxTime=120 PriorityTier=10 PreemptMode=OFF State=UP
"""
NODE = "NodeName=n{n} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000 State=UNKNOWN"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of its logs. Skips where there is none to be had, or one is set up already."""
    if os.getuid() or not all(map(shutil.which, ("slurmctld", "slurmd", "munged"))):
        pytest.skip("needs root and Debian's slurmctld, slurmd, munge")
    if CONF.exists():
        pytest.skip(f"{CONF} is there already")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "state").mkdir()
    nodes = "\n".join(NODE.format(n=n, port=17000 + n) for n in range(1, NODES + 1))
    written = folder / "slurm.conf"
    written.write_text(CONFIG.format(folder=folder, nodes=nodes))
    if subprocess.run(["munge", "-n"], capture_output=True).returncode:
        subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "-m", "0755", "/run/munge"], check=True)
        subprocess.run(["runuser", "-u", "munge", "--", "munged"], check=True)
    CONF.parent.mkdir(exist_ok=True)
    CONF.symlink_to(written)  # the default place: the plugin's inner srun is not told $SLURM_CONF
    try:
        subprocess.run(["slurmctld"], check=True)
        until(lambda: "UP" in said("scontrol", "ping"), 60)
        for n in range(1, NODES + 1):
            subprocess.run(["slurmd", "-N", f"n{n}"], check=True)
        until(lambda: len(set(said("sinfo", "-h", "-N", "-t", "idle", "-o", "%N").split())) == NODES, 120)
        yield folder
    finally:
        for path in [*folder.glob("slurmd.*.pid"), *folder.glob("slurmctld.pid")]:
            os.kill(int(path.read_text()), 15)
        CONF.unlink()
