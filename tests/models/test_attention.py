import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Generator, Tensor

from ctbench.models._attention import Heads, Neighbourhoods
from ctbench.models._sparse import Graph
from ctbench.models.gat import GAT
from ctbench.models.gcn import GCN

NODES, FEATURES = 20, 8


def graph() -> Graph:
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((NODES, NODES)) < 0.2, 1)
    x = sparse.csr_array(rng.random((NODES, FEATURES)) * (rng.random((NODES, FEATURES)) < 0.5))
    return Graph(x, sparse.csr_array((upper | upper.T).astype(float)), classes=3)


def edge_list() -> Tensor:
    return torch.from_numpy(np.stack(graph().adjacency.nonzero()).astype(np.int64))


def test_attention_of_a_node_sums_to_one() -> None:
    edges = Neighbourhoods(graph())
    weights = edges.softmax(30 * torch.randn(len(edges.targets)))
    torch.testing.assert_close(edges.reduced(weights, "sum"), torch.ones(NODES))


def test_the_reverse_of_an_edge_goes_back() -> None:
    edges = Neighbourhoods(graph())
    assert torch.equal(edges.targets[edges.reverse], edges.sources)
    assert torch.equal(edges.sources[edges.reverse], edges.targets)


def test_attention_has_the_right_gradient_with_dropout() -> None:
    heads = Heads(Neighbourhoods(graph()), 2, 3, [Generator().manual_seed(s) for s in (0, 1)]).double()

    def attend(h: Tensor, *parameters: Tensor) -> Tensor:
        masks = [Generator().manual_seed(s) for s in (5, 6)]
        named = dict(zip(("at_target", "at_source"), parameters, strict=True))
        return torch.func.functional_call(heads, named, (h, 0.5, masks))

    h = torch.randn(2, NODES, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(attend, (h, heads.at_target, heads.at_source))


@pytest.mark.parametrize("output_heads", [1, 8])
def test_gat_equals_torch_geometrics(output_heads: int) -> None:
    convolutions = pytest.importorskip("torch_geometric.nn")
    model = GAT(GAT.Options(layers=3, output_heads=output_heads), graph(), [Generator().manual_seed(s) for s in (0, 1)])
    h, edges = torch.tensor(graph().features.toarray()).float(), edge_list()
    with torch.no_grad():
        for i, (linear, heads) in enumerate(zip([model.first, *model.rest], model.attention, strict=True)):
            last = i == 2
            linear.bias.normal_(generator=Generator().manual_seed(i))
            theirs = convolutions.GATConv(h.shape[1], heads.width, heads.heads, concat=not last)
            theirs.lin.weight.copy_(linear.weight[1].T)
            theirs.att_dst.copy_(heads.at_target[1, :, :, 0])
            theirs.att_src.copy_(heads.at_source[1, :, :, 0])
            bias = linear.bias[1, 0]
            theirs.bias.copy_(bias.view(heads.heads, -1).mean(0) if last else bias)
            h = theirs(h if i == 0 else torch.nn.functional.elu(h), edges)
        torch.testing.assert_close(model(None)[1], h, rtol=1e-5, atol=1e-6)


def test_gcn_equals_torch_geometrics() -> None:
    convolutions = pytest.importorskip("torch_geometric.nn")
    model = GCN(GCN.Options(layers=3, init="uniform"), graph(), [Generator().manual_seed(s) for s in (0, 1)])
    h, edges = torch.tensor(graph().features.toarray()).float(), edge_list()
    with torch.no_grad():
        for i, linear in enumerate([model.first, *model.rest]):
            theirs = convolutions.GCNConv(*linear.weight[1].shape)
            theirs.lin.weight.copy_(linear.weight[1].T)
            theirs.bias.copy_(linear.bias[1, 0])
            h = theirs(h if i == 0 else torch.relu(h), edges)
        torch.testing.assert_close(model(None)[1], h, rtol=1e-6, atol=1e-6)
