def parent_of(wildcards):
    return f"{RESULTS}/runs/{JOBS[wildcards.run].spec.parent}/record.json"


use rule train as sweep with:
    input:
        data=data_of,
        parent=parent_of,
    wildcard_constraints:
        run="|".join(name for name, job in JOBS.items() if job.spec.parent) or "none",
