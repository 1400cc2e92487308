using System.Buffers.Binary;
using System.Text;

namespace PtaKernels.Text;

/// <summary>Reads protobuf's wire format, checking every length against what is left.</summary>
internal ref struct ProtobufReader(string file, ReadOnlySpan<byte> message, int start = 0)
{
    /// <summary>Wire types.</summary>
    public const int Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;
    private int _field;
    private int _wire;

    /// <summary>Offset of the next byte in the file.</summary>
    public readonly int Offset => start + _position;

    /// <summary>The next field; false at the end of the message.</summary>
    public bool Next(out int field)
    {
        field = 0;
        if (_position == _message.Length)
            return false;
        ulong tag = Raw();
        (_field, _wire) = ((int)Math.Min(tag >> 3, int.MaxValue), (int)(tag & 7));
        if (_field is 0 or > (1 << 29) - 1 || _wire is not (Varint or Fixed64 or Length or Fixed32))
            throw Wrong($"field {_field} of wire type {_wire}", "a protobuf field");
        field = _field;
        return true;
    }

    /// <summary>The current field as a varint.</summary>
    public long Integer()
    {
        Require(Varint, "a number");
        return (long)Raw();
    }

    /// <summary>The current field as a 32-bit float.</summary>
    public float Single()
    {
        Require(Fixed32, "a 32-bit number");
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    /// <summary>The current field as a string.</summary>
    public string Text()
    {
        ReadOnlySpan<byte> bytes = Block();
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Wrong("bytes that are not UTF-8", "a string");
        }
    }

    /// <summary>The current field as bytes.</summary>
    public byte[] Bytes() => Block().ToArray();

    /// <summary>The current field as a message of its own.</summary>
    public ProtobufReader Message()
    {
        ReadOnlySpan<byte> bytes = Block();
        return new ProtobufReader(file, bytes, Offset - bytes.Length);
    }

    /// <summary>Steps over the current field.</summary>
    public void Skip()
    {
        switch (_wire)
        {
            case Varint:
                Raw();
                break;
            case Fixed64:
                Take(8);
                break;
            case Fixed32:
                Take(4);
                break;
            default:
                Block();
                break;
        }
    }

    private ReadOnlySpan<byte> Block()
    {
        Require(Length, "bytes");
        ulong length = Raw();
        return length <= (ulong)(_message.Length - _position) ? Take((int)length) : throw Wrong($"a length of {length}", $"at most the {_message.Length - _position} bytes that are left");
    }

    private ulong Raw()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte b = Take(1)[0];
            if (shift == 63 && b > 1)
                break;
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }

        throw Wrong("a number of more than 64 bits", "a protobuf field");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _message.Length - _position)
            throw Wrong("the end", "more bytes; the file is cut off or not a SentencePiece model");
        ReadOnlySpan<byte> taken = _message.Slice(_position, count);
        _position += count;
        return taken;
    }

    private readonly void Require(int wire, string expected)
    {
        if (_wire != wire)
            throw Wrong($"field {_field} of wire type {_wire}", expected);
    }

    private readonly AlignmentDataException Wrong(string found, string expected) => new($"{file}: byte {Offset}: found {found}; expected {expected}.");
}
