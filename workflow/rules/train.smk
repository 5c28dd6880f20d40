from ctbench.papers._batches import batches

# A rule for each process. What stands there is not taken away before a batch is done again: a record that is whole, and
# of the same code, is left alone. A parent that was put together again, the same as before, is no reason to sweep again.
for batch in batches(JOBS.values()):

    rule:
        name:
            batch.name
        input:
            data=[ancient(f"{CONFIG.data}/{name}.npz") for name in batch.data],
            parents=[ancient(record) for record in records(batch.parents)],
        output:
            update(records(job.spec.run_id for job in batch.jobs)),
        log:
            f"logs/{CONFIG.preset}/{batch.name}.log",
        priority: int(batch.guess > LARGE)
        threads: CONFIG.threads
        resources:
            runtime=batch.minutes,
            mem_mb=batch.memory,
            gpu=int(CONFIG.device == "cuda"),
        params:
            specs=specs_of,
            config=CONFIG_FILE,
            limits=limits_of,
            code=code_of(batch),
        shell:
            "ctbench run {params.specs:q} --config {params.config:q} --threads {threads} {params.limits} > {log:q} 2>&1"
