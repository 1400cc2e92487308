using System.Collections.Concurrent;

namespace PtaKernels.Text;

/// <summary>An encoder that works in buffers, which are kept: as many as threads have encoded at a time.</summary>
/// <param name="vocabulary">The tokens.</param>
internal abstract class BufferedEncoder(TokenVocabulary vocabulary) : TextEncoder(vocabulary)
{
    private readonly ConcurrentBag<EncoderBuffers> _free = [];

    public sealed override EncodedText Encode(ReadOnlySpan<byte> utf8)
    {
        EncoderBuffers buffers = Rent();
        Cut(utf8, inside: false, buffers);
        EncodedText encoded = buffers.ToEncodedText(utf8.Length);
        Return(buffers);
        return encoded;
    }

    /// <summary>Buffers for one text; what an error leaves behind is not returned.</summary>
    protected EncoderBuffers Rent() => _free.TryTake(out EncoderBuffers? buffers) ? buffers : new EncoderBuffers { Merger = CreateMerger() };

    /// <summary>Gives buffers back.</summary>
    protected void Return(EncoderBuffers buffers) => _free.Add(buffers);

    /// <summary>What one text at a time is cut with.</summary>
    protected abstract PairMerger? CreateMerger();

    /// <summary>Cuts a text into tokens.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="inside">Whether it lies inside a document, so that nothing is put before it.</param>
    /// <param name="buffers">Receives the tokens; what it held is forgotten.</param>
    protected abstract void Cut(ReadOnlySpan<byte> utf8, bool inside, EncoderBuffers buffers);
}
