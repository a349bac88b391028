using System.Globalization;
using System.Text.Json;

namespace EmbedStore.Benchmarks.Gpu;

/// <summary>What PyTorch needs for the same work on the same device: <c>torch_reference.py</c>, when this machine has a Python with torch.</summary>
internal sealed class Torch(JsonElement times)
{
    /// <summary>Unit: seconds.</summary>
    public double this[string name] => times.GetProperty(name).GetDouble();

    /// <returns>Null when there is no torch, or it fails.</returns>
    public static Torch? TryRun(params long[] arguments)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "torch_reference.py");
        if (!File.Exists(script) || Machine.Run("python3", "-c", "import torch; assert torch.cuda.is_available()") is null)
        {
            return null;
        }

        string? output = Machine.Run("python3", [script, .. arguments.Select(static number => number.ToString(CultureInfo.InvariantCulture))]);
        return output is null ? null : new Torch(JsonDocument.Parse(output).RootElement);
    }
}
