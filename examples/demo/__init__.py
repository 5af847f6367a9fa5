"""The demonstration: a good version and a bad one on a real cluster, under load. ``python -m examples.demo``.

objects      what is applied, as text                          pure
phases       how long everything took                          pure
outcome      what came of it, and whether it may stand         pure
scenery      one moment as a picture and as a line             pure
closing      the last page                                     pure
ground       the cluster, its operator, the programs
site         a namespace of its own, and users in front of it
screen       moments as they come, on a terminal or in a log
story        the three versions, one after the other
"""
