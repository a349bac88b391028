using EmbedStore.Tensors;

namespace EmbedStore.Http.Tests;

public sealed class CallGateTests
{
    [Fact]
    public void Enter_OfAServerThatStops_LetsInOnlyWhatAnotherServerPassesOn()
    {
        var gate = new CallGate(callCountMax: 1, new CancellationToken(canceled: true));
        Assert.Equal(ErrorCode.Stopping, Assert.Throws<EmbedStoreException>(() => gate.Enter(isPassedOn: false)).Code);
        gate.Enter(isPassedOn: true);
        Assert.Equal(ErrorCode.Overloaded, Assert.Throws<EmbedStoreException>(() => gate.Enter(isPassedOn: true)).Code);
    }
}
