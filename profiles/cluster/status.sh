#!/bin/sh
# success, running or failed, for Snakemake. A job that was cancelled by preemption has failed: it is submitted again.
state=$(squeue --noheader --states=all --jobs="$1" --format=%T 2> /dev/null | head -n 1)
case $state in
    COMPLETED) echo success ;;
    PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED) echo running ;;
    *) echo failed ;;
esac
