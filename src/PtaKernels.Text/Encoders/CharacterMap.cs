using System.Buffers.Binary;

namespace PtaKernels.Text;

/// <summary>A SentencePiece normaliser's <c>precompiled_charsmap</c>: the longest key that a text starts with, and the text put in its place.</summary>
/// <remarks>
/// Layout, little-endian: the trie's size in bytes, the trie, then the replacements, each closed by a zero byte. The trie is a double array in Darts-clone's
/// units of 32 bits: bits 0..7 the label, bit 8 whether a leaf follows, bit 9 whether the offset in bits 10..30 counts in units of 256; a leaf has bit 31 set and
/// its value, an offset into the replacements, below.
/// </remarks>
internal sealed class CharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private CharacterMap(uint[] units, byte[] replacements)
    {
        _units = units;
        _replacements = replacements;
    }

    /// <summary>Reads a map; null for an empty one.</summary>
    /// <exception cref="AlignmentDataException">The map is damaged.</exception>
    public static CharacterMap? Read(string file, byte[] map)
    {
        if (map.Length == 0)
            return null;
        uint size = map.Length > sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(map) : 0;
        if (size is 0 || size % sizeof(uint) != 0 || size >= map.Length - sizeof(uint) || map[^1] != 0)
            throw new AlignmentDataException($"{file}: its normaliser's character map of {map.Length} bytes is damaged; expected a trie and the texts that it leads to.");
        uint[] units = new uint[size / sizeof(uint)];
        for (int i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(sizeof(uint) * (i + 1)));
        return new CharacterMap(units, map[(sizeof(uint) + (int)size)..]);
    }

    /// <summary>The longest key that the text starts with.</summary>
    /// <returns>Its length in bytes, 0 for none.</returns>
    public int LongestPrefix(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        uint[] units = _units;
        int longest = 0;
        uint value = 0;
        uint position = Offset(units[0]);
        for (int i = 0; i < text.Length; i++)
        {
            position ^= text[i];
            // A damaged map must not lead out of the array.
            if (position >= (uint)units.Length || (units[position] & 0x8000_00FF) != text[i])
                break;
            uint unit = units[position];
            position ^= Offset(unit);
            if ((unit & 0x100) != 0 && position < (uint)units.Length)
                (longest, value) = (i + 1, units[position] & 0x7FFF_FFFF);
        }

        replacement = longest > 0 && value < (uint)_replacements.Length ? UpToZero(_replacements.AsSpan((int)value)) : [];
        return longest;
    }

    private static ReadOnlySpan<byte> UpToZero(ReadOnlySpan<byte> text) => text[..text.IndexOf((byte)0)];

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
