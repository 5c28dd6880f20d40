use rule train as sweep with:
    input:
        data=data_of,
        parent=parent_of,
    wildcard_constraints:
        run=SWEPT,
