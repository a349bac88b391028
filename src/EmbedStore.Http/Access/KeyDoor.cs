using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace EmbedStore.Http;

/// <summary>Lets a call in by its key, before anything of it is looked at but its path.</summary>
/// <remarks>What is not known to be open needs a key, paths that do not exist included. A call that another server passes on was let in there.</remarks>
internal sealed class KeyDoor(RequestDelegate next, KeyRing keys)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        CallRule? rule = context.GetEndpoint()?.Metadata.GetMetadata<CallRule>();
        if (rule == CallRule.Open || PeerDoor.WasPassedOn(context))
        {
            return next(context);
        }

        var table = context.Request.RouteValues["table"] as string;
        Grant grant = keys.Find(KeyOf(context.Request.Headers.Authorization))
            ?? throw new EmbedStoreException(ErrorCode.Unauthenticated, "This call needs a key that the server knows: \"Authorization: Bearer <key>\".", new Fact("table", table));
        if (rule is { Role: { } role })
        {
            grant.Require(role, table);
        }

        // The path of any other call has said all that there is to check.
        if (table is null)
        {
            grant.GiveTo(context);
        }

        return next(context);
    }

    /// <summary>What stands behind the scheme; nothing when there is no such header, another scheme, or more than one of them.</summary>
    private static ReadOnlySpan<char> KeyOf(StringValues header) =>
        header is [{ } value] && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value.AsSpan(Scheme.Length).Trim(' ') : default;
}
