namespace EmbedStore.Shards;

public sealed partial class Shard
{
    private ITimer? _markTimer;
    private bool _markIsArmed;
    private volatile bool _markIsDue;

    /// <summary>Sees to it that what was just flushed is marked before long. One timer runs at a time, however many groups there are meanwhile.</summary>
    private void ArmMark()
    {
        if (_markIsArmed || !_log.NeedsMark || _options.MarkDelay == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        _markIsArmed = true;
        _markTimer?.Dispose();
        _markTimer = _options.Time.CreateTimer(
            _ =>
            {
                _markIsDue = true;
                WakeWriter();
            },
            null, _options.MarkDelay, Timeout.InfiniteTimeSpan);
    }

    private void MarkIfDue()
    {
        if (_markIsDue)
        {
            _markIsDue = _markIsArmed = false;
            MarkOrPoison();
        }
    }

    private void MarkOrPoison()
    {
        if (_poison is not null || !_log.NeedsMark)
        {
            return;
        }

        try
        {
            _fence?.Require();
            _log.AppendMark(_options.Time.GetUtcNow().ToUnixTimeMilliseconds());
        }
        catch (DiskFullException)
        {
            // Nothing is lost by it.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Poison(error);
        }
    }
}
