localrules:
    report,


rule report:
    input:
        rules.judge.output,
    output:
        f"{RESULTS}/report.html",
    log:
        f"logs/{CONFIG.preset}/report.log",
    params:
        config=CONFIG_FILE,
        code=code_hash(["ctbench.report"]),
    shell:
        "ctbench report --config {params.config} > {log} 2>&1"
