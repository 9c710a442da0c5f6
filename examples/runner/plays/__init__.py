"""What is done with each example: a module by its name, with a function play(show) and, where it needs more than rq, NEEDS."""
