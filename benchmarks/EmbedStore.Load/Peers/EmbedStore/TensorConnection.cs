using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>Calls of this repository's server over one raw HTTP connection, answered in safetensors of any number of tensors.</summary>
internal sealed class TensorConnection(EmbedStoreServer server) : IDisposable
{
    private readonly HttpConnection _connection = new(server.Port);
    private byte[] _answer = [];
    private int _length;

    /// <summary>Sends a call and reads its whole answer.</summary>
    /// <exception cref="WrongAnswerException">The server refused.</exception>
    public void Call(HttpRequest request)
    {
        _length = _connection.Send(request);
        if (_answer.Length < _length)
        {
            _answer = new byte[_length];
        }

        _connection.ReadExactly(_answer.AsSpan(0, _length));
    }

    /// <summary>The tensors of the last answer, until the next call.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors() => SafetensorsReader.Read(_answer.AsMemory(0, _length)).Tensors;

    public void Dispose() => _connection.Dispose();
}
