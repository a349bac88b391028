using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>The content of one JSON body.</summary>
/// <param name="Tensors">The field <c>tensors</c>, by name; empty when there is none.</param>
/// <param name="Fields">Every other field, by name: the call's parameters. No object in them repeats a key.</param>
public sealed record JsonMessage(IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, JsonElement> Fields);
