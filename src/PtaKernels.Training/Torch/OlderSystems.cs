using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PtaKernels.Training;

/// <summary>Lets TorchSharp's wrapper load where libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04).</summary>
/// <remarks>
/// The wrapper asks for one symbol of GLIBCXX_3.4.32, <c>std::ios_base_library_init()</c>. Headers of GCC 13 only name it, so that a library too old to set up the standard streams by
/// itself is refused; nothing calls it, and older libraries set up the streams in every object that includes the header, libtorch's among them. A copy of the file in which this
/// version and this symbol are weak loads everywhere. Everything else that the wrapper needs is checked by the loader as before.
/// </remarks>
internal static class OlderSystems
{
    private const string VersionName = "GLIBCXX_3.4.32";
    private const string SymbolName = "_ZSt21ios_base_library_initv";
    private const int SectionVersionsNeeded = 0x6ffffffe, SectionDynamicSymbols = 11;
    private const int WeakVersion = 2, WeakBinding = 2 << 4;

    /// <summary>A loadable copy of the wrapper beside libtorch's own folder; made once per content.</summary>
    /// <exception cref="TorchException">The copy cannot be written.</exception>
    public static string CopyOf(string file)
    {
        byte[] image = File.ReadAllBytes(file);
        string name = $"{Path.GetFileNameWithoutExtension(file)}-{Convert.ToHexStringLower(SHA256.HashData(image))[..16]}.so";
        string folder = Path.GetDirectoryName(TorchFolder.Own)!, copy = Path.Combine(folder, name);
        if (File.Exists(copy))
            return copy;
        Weaken(image);
        try
        {
            Directory.CreateDirectory(folder);
            string partial = $"{copy}.{Environment.ProcessId}.partial";
            File.WriteAllBytes(partial, image);
            File.Move(partial, copy, overwrite: true);
            return copy;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TorchException($"{folder} cannot be written ({e.Message}); name another cache folder in XDG_CACHE_HOME.", e);
        }
    }

    /// <summary>Makes the version and the symbol weak in a 64-bit ELF file.</summary>
    /// <returns>How many places were changed: 2, or 0 where the file does not ask for them.</returns>
    public static int Weaken(Span<byte> image)
    {
        int changed = 0;
        long sections = BinaryPrimitives.ReadInt64LittleEndian(image[40..]);
        int size = Short(image, 58), count = Short(image, 60);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = image.Slice((int)(sections + ((long)i * size)), size);
            int strings = Offset(image, sections, size, (int)Word(section, 40));
            int start = (int)BinaryPrimitives.ReadInt64LittleEndian(section[24..]), length = (int)BinaryPrimitives.ReadInt64LittleEndian(section[32..]);
            switch ((int)Word(section, 4))
            {
                case SectionVersionsNeeded:
                    changed += WeakenVersions(image, start, strings);
                    break;
                case SectionDynamicSymbols:
                    changed += WeakenSymbols(image, start, length, strings);
                    break;
            }
        }

        return changed;
    }

    // Elf64_Verneed { version, count, file, aux, next }, each followed by its Elf64_Vernaux { hash, flags, other, name, next }.
    private static int WeakenVersions(Span<byte> image, int need, int strings)
    {
        int changed = 0;
        while (true)
        {
            int aux = need + (int)Word(image, need + 8);
            for (int k = Short(image, need + 2); k > 0; k--)
            {
                if (IsText(image, strings + (int)Word(image, aux + 8), VersionName))
                {
                    image[aux + 4] |= WeakVersion;
                    changed++;
                }

                aux += (int)Word(image, aux + 12);
            }

            int next = (int)Word(image, need + 12);
            if (next == 0)
                return changed;
            need += next;
        }
    }

    // Elf64_Sym { name, info, other, section, value, size }.
    private static int WeakenSymbols(Span<byte> image, int start, int length, int strings)
    {
        const int SymbolSize = 24;
        int changed = 0;
        for (int at = start; at < start + length; at += SymbolSize)
        {
            if (!IsText(image, strings + (int)Word(image, at), SymbolName))
                continue;
            image[at + 4] = (byte)((image[at + 4] & 0xf) | WeakBinding);
            changed++;
        }

        return changed;
    }

    private static int Offset(ReadOnlySpan<byte> image, long sections, int size, int index) =>
        (int)BinaryPrimitives.ReadInt64LittleEndian(image[(int)(sections + ((long)index * size) + 24)..]);

    private static bool IsText(ReadOnlySpan<byte> image, int at, string text) =>
        image[at..].StartsWith(Encoding.ASCII.GetBytes(text)) && image[at + text.Length] == 0;

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
