using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>The tensors of one request, by name, in the order in which they are sent.</summary>
internal sealed class Named : Dictionary<string, Tensor>
{
    public Named()
    {
    }

    public Named(Named others)
        : base(others)
    {
    }

    /// <summary><c>rows (3,), cols (3,)</c>.</summary>
    public override string ToString() => string.Join(", ", this.Select(pair => pair.Key + " " + Python.Shape(pair.Value.Shape)));
}
