namespace EmbedStore.Load;

/// <summary>A peer is not installed here. The run goes on without it and says so.</summary>
internal sealed class PeerMissingException(string program, string package) : Exception($"{program} is not installed (apt-get install {package})");
