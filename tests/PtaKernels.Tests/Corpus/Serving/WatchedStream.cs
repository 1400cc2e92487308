namespace PtaKernels.Tests.Corpus.Serving;

/// <summary>A stream that notes how far something else had come whenever it was read.</summary>
internal sealed class WatchedStream(byte[] content, Func<long> progress) : MemoryStream(content)
{
    private readonly List<(long Position, long Progress)> _reads = [];

    /// <summary>The progress when the first byte after a position was read.</summary>
    public long WhenPassed(long position) => _reads.First(r => r.Position > position).Progress;

    public override int Read(byte[] buffer, int offset, int count)
    {
        long before = progress();
        int read = base.Read(buffer, offset, count);
        _reads.Add((Position, before));
        return read;
    }
}
