using System.Buffers;

namespace PtaKernels.Text;

/// <summary>SentencePiece's decoder: pieces in, text out.</summary>
/// <remarks>Control pieces are nothing, the unknown piece is its surface, bytes that make no character are U+FFFD each, and leading spaces go as the normaliser's settings say.</remarks>
internal sealed class SentencePieceText(SentencePieceModel.Normalizer normalizer, string unknownSurface)
{
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly List<byte> _bytes = [];
    private bool _atStart = true;
    private bool _tookSpace;

    /// <summary>Adds a piece.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="text">Its bytes, spaces unmarked.</param>
    public void Add(SentencePieceModel.Piece piece, ReadOnlySpan<byte> text)
    {
        if (piece.Kind == SentencePieceModel.Kind.Byte)
        {
            _bytes.Add(text[0]);
            return;
        }

        CloseBytes();
        if (_tookSpace || _text.WrittenCount > 0)
            _atStart = false;
        _tookSpace = false;
        if (piece.Kind == SentencePieceModel.Kind.Control)
            return;
        if (piece.Kind == SentencePieceModel.Kind.Unknown)
        {
            _text.Write(System.Text.Encoding.UTF8.GetBytes(unknownSurface));
            return;
        }

        // Only a marked space is taken away, so the piece itself is asked.
        if (_atStart && (normalizer.AddsDummyPrefix || normalizer.RemovesExtraWhitespaces) && piece.Text.StartsWith('▁'))
        {
            text = text[1..];
            _tookSpace = !normalizer.RemovesExtraWhitespaces;
        }

        _text.Write(text);
    }

    public byte[] ToArray()
    {
        CloseBytes();
        return _text.WrittenSpan.ToArray();
    }

    private void CloseBytes()
    {
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes);
        while (!bytes.IsEmpty)
        {
            int length = Utf8Text.Decode(bytes, out _);
            _text.Write(length > 0 ? bytes[..length] : Utf8Text.Replacement);
            bytes = bytes[Math.Max(length, 1)..];
        }

        _bytes.Clear();
    }
}
