rule train:
    input:
        data=data_of,
    output:
        f"{RESULTS}/runs/{{run}}/record.json",
    log:
        f"logs/{CONFIG.preset}/{{run}}.log",
    wildcard_constraints:
        run=TRAINED,
    threads: CONFIG.threads
    resources:
        runtime=minutes_of,
        mem_mb=memory_of,
        gpu=gpu_of,
        # Profiles set these to 1 and to the runs that may share a GPU.
        deadline=0,
        jobs_per_gpu=0,
    params:
        spec=f"{RESULTS}/runs/{{run}}/spec.json",
        config=CONFIG_FILE,
        code=code_of,
    shell:
        "ctbench run {params.spec:q} --config {params.config:q} --threads {threads}"
        " --max-minutes $(({resources.runtime} * {resources.deadline}))"
        " --jobs-per-gpu {resources.jobs_per_gpu} > {log:q} 2>&1"


use rule train as train_first with:
    wildcard_constraints:
        run=TRAINED_FIRST,
    priority: 1


use rule train as train_small with:
    wildcard_constraints:
        run=TRAINED_SMALL,
