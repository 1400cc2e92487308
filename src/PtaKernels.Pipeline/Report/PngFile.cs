using System.Buffers.Binary;
using System.IO.Compression;

namespace PtaKernels.Pipeline;

/// <summary>PNG files of 8-bit colours (ISO/IEC 15948).</summary>
internal static class PngFile
{
    private const byte TrueColor = 2;
    private const byte DifferenceToAbove = 2;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Encodes a picture.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="pixels">[height, width, 3].</param>
    public static byte[] Encode(int width, int height, ReadOnlySpan<byte> pixels)
    {
        using var file = new MemoryStream();
        file.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = TrueColor;
        Chunk(file, "IHDR"u8, header);
        using (var packed = new MemoryStream())
        {
            using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            {
                int stride = width * 3;
                byte[] row = new byte[stride + 1];
                for (int y = 0; y < height; y++)
                {
                    row[0] = DifferenceToAbove;
                    for (int i = 0; i < stride; i++)
                        row[i + 1] = (byte)(pixels[(y * stride) + i] - (y == 0 ? 0 : pixels[((y - 1) * stride) + i]));
                    zlib.Write(row);
                }
            }

            Chunk(file, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        }

        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(name);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Checksum(Checksum(uint.MaxValue, name), data));
        file.Write(number);
    }

    private static uint Checksum(uint value, ReadOnlySpan<byte> data)
    {
        foreach (byte b in data)
        {
            value ^= b;
            for (int bit = 0; bit < 8; bit++)
                value = (value >> 1) ^ (0xEDB88320 & (uint)-(int)(value & 1));
        }

        return value;
    }
}
