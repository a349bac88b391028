using EmbedStore.Tensors;

namespace EmbedStore.Http.Tests;

public sealed class CallGateTests
{
    [Fact]
    public void Enter_OfAServerThatStops_IsRefused() =>
        Assert.Equal(ErrorCode.Stopping, Assert.Throws<EmbedStoreException>(new CallGate(callCountMax: 1, new CancellationToken(canceled: true)).Enter).Code);

    [Fact]
    public void Enter_OneCallMoreThanTheLimit_IsRefusedUntilOneLeaves()
    {
        var gate = new CallGate(callCountMax: 1, default);
        gate.Enter();
        Assert.Equal(ErrorCode.Overloaded, Assert.Throws<EmbedStoreException>(gate.Enter).Code);
        gate.Leave();
        gate.Enter();
    }
}
