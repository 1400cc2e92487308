using System.Text;

namespace PtaKernels.Tests.Text;

/// <summary>Writes protobuf messages: just enough for hand-made SentencePiece models.</summary>
internal sealed class ModelWriter
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    /// <summary>A piece; a type of 0 is left out, which means normal.</summary>
    public ModelWriter Piece(string text, int type = 0, float score = 0)
    {
        ModelWriter piece = new ModelWriter().Block(1, Encoding.UTF8.GetBytes(text)).Single(2, score);
        return Block(1, (type == 0 ? piece : piece.Integer(3, type)).ToArray());
    }

    public ModelWriter Trainer(params (int Field, long Value)[] numbers) => Message(2, numbers);

    public ModelWriter Normalizer(params (int Field, long Value)[] numbers) => Message(3, numbers);

    public ModelWriter Message(int field, params (int Field, long Value)[] numbers)
    {
        var message = new ModelWriter();
        foreach ((int number, long value) in numbers)
            message.Integer(number, value);
        return Block(field, message.ToArray());
    }

    public ModelWriter Integer(int field, long value) => Raw((ulong)field << 3).Raw((ulong)value);

    public ModelWriter Single(int field, float value)
    {
        Raw(((ulong)field << 3) | 5);
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    public ModelWriter Block(int field, byte[] content)
    {
        Raw(((ulong)field << 3) | 2).Raw((ulong)content.Length);
        _bytes.AddRange(content);
        return this;
    }

    public ModelWriter Raw(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
        return this;
    }
}
