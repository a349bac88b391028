namespace EmbedStore.Serving;

/// <summary>What a learning rate may be: finite and at least 0, also in binary32, in which most rows are trained.</summary>
public static class LearningRate
{
    /// <summary>True when steps may be taken with it.</summary>
    public static bool IsOne(double rate) => rate is >= 0 and <= float.MaxValue;
}
