namespace EmbedStore.Tensors;

/// <summary>Whose rules a subscript follows where the two differ (API section 2).</summary>
public enum Dialect
{
    /// <summary>Slice steps are positive; an integer selects before index tensors are looked at, and so do items behind a mask.</summary>
    PyTorch,

    /// <summary>Slice steps may be negative; an integer beside index tensors is one of them.</summary>
    NumPy,
}
