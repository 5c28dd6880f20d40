from ctbench.spec.code import code_hash
from ctbench.judge import load_claims
from ctbench.spec.frozen import digest


localrules:
    judge,


rule judge:
    input:
        expand(f"{RESULTS}/runs/{{run}}/record.json", run=JOBS),
    output:
        measurements=f"{RESULTS}/measurements.parquet",
        claims=f"{RESULTS}/claims.csv",
        criteria=f"{RESULTS}/criteria.csv",
    log:
        f"logs/{CONFIG.preset}/judge.log",
    params:
        config=CONFIG_FILE,
        claims=digest([claim.model_dump(mode="json") for claim in load_claims()]),
        code=code_hash(["ctbench.judge"]),
    shell:
        "ctbench judge --config {params.config:q} > {log:q} 2>&1"
