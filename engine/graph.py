from typing import NamedTuple
from engine.value import Value,Constant
class Edge(NamedTuple):
    source:int; target:int; position:int
class Graph:
    def __init__(self,output):
        self.output=output; order=[]; seen=set(); stack=[(output,False)]
        while stack:
            v,done=stack.pop()
            if done: order.append(v); continue
            if id(v) in seen: continue
            seen.add(id(v)); stack.append((v,True))
            for a in reversed(v.args):
                if not isinstance(a,Constant) and id(a) not in seen: stack.append((a,False))
        self.nodes=tuple(order); ix={id(v):i for i,v in enumerate(order)}
        self.edges=tuple(Edge(ix[id(a)],i,p) for i,v in enumerate(order) for p,a in enumerate(v.args) if not isinstance(a,Constant))
