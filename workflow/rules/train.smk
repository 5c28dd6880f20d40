def data_of(wildcards):
    name = JOBS[wildcards.run].data
    return [ancient(f"{CONFIG.data}/{name}.npz")] if name else []


def code_of(wildcards):
    return JOBS[wildcards.run].code


def minutes_of(wildcards, attempt):
    return JOBS[wildcards.run].minutes * attempt


def gpu_of(wildcards):
    return int(CONFIG.device == "cuda")


rule train:
    input:
        data=data_of,
    output:
        f"{RESULTS}/runs/{{run}}/record.json",
    log:
        f"logs/{CONFIG.preset}/{{run}}.log",
    wildcard_constraints:
        run="|".join(name for name, job in JOBS.items() if not job.spec.parent) or "none",
    params:
        spec=f"{RESULTS}/runs/{{run}}/spec.json",
        config=CONFIG_FILE,
        code=code_of,
    threads: CONFIG.threads
    resources:
        runtime=minutes_of,
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        gpu=gpu_of,
    shell:
        "ctbench run {params.spec} --config {params.config} --threads {threads} > {log} 2>&1"
