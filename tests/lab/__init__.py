"""The laboratory: AWS's stand-ins on this machine, and sentences to use them with.

    emulator    an AWS account over HTTP (moto), and the whole of its IAM as a set of facts
    emulated    the program that it runs: moto's server, with a page of those facts
    account     what a fact is, and how to empty an account
    binaries    where the release binaries are
    rie         a release function binary under AWS's own Lambda Runtime Interface Emulator
    proxy       what stands between the two: it records every call, and misbehaves as AWS does
    wire        AWS's protocols, as far as the proxy has to speak them
    stack       a deployed stack in the emulated account, for the commands that look at one
    inbox       where notices arrive, as SNS delivers them
    events      the events that a function receives
    world       all of it together: builds an account in one line, observes a whole outcome in another
    delivery    which functions an event reaches
    offence     changes that a guardrail forbids, at least one for each function
    rulebook    rulebooks that differ from the shipped one in what a test is about
    privileges  the calls that each function's role allows
    command     the `rescind` command, as a person runs it
    processes   children that never outlive whoever started them

Nothing here decides or expects anything: that is for the tests, the demo and the benchmark, which share it.
"""
