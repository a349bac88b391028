using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>What every JSON writer of this project needs.</summary>
internal static class JsonWriting
{
    /// <summary>Writes a property whose value is a list of integers.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
