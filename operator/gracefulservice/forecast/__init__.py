"""What a rollout would come to, found out before it begins: pure, seeded, without any cluster.

course       what happens in order: weights, pods, times        exact
outlook      how long it takes, what users see, false alarms     by many rehearsals
rehearsal    one simulated rollout, decided by `rollout.decide`
world        pods that take their time to start, a route that gateways follow late
service      users who call at random, pods that count, scrapes
faults       what share of the requests is bad, for each objective
draws        random counts
chances      figures from many rehearsals, and how sure they are
"""
