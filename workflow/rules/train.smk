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
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        gpu=gpu_of,
    params:
        spec=f"{RESULTS}/runs/{{run}}/spec.json",
        config=CONFIG_FILE,
        code=code_of,
    shell:
        "ctbench run {params.spec:q} --config {params.config:q} --threads {threads} > {log:q} 2>&1"


use rule train as train_first with:
    wildcard_constraints:
        run=TRAINED_FIRST,
    priority: 1
