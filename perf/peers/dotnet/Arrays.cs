using System.Runtime.InteropServices;

namespace PtaKernels.DotnetPeers;

/// <summary>Work as bench writes it.</summary>
internal static class Arrays
{
    public static T[] Read<T>(string folder, string name)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(File.ReadAllBytes(Path.Combine(folder, name))).ToArray();

    /// <summary>Both sides' tokens as strings of one char per symbol: a symbol over U+FFFF gets a char that neither side has, so that distances stay the symbols'.</summary>
    /// <exception cref="ArgumentException">There are more different symbols than chars.</exception>
    public static (string[] Sources, string[] Targets) Tokens(string folder, string name)
    {
        int[] sources = Read<int>(folder, name + ".source.symbols"), targets = Read<int>(folder, name + ".target.symbols");
        HashSet<int> symbols = [.. sources, .. targets];
        var chars = new Dictionary<int, char>();
        int free = char.MaxValue;
        foreach (int symbol in symbols)
        {
            if (symbol <= char.MaxValue)
            {
                chars.Add(symbol, (char)symbol);
                continue;
            }

            while (symbols.Contains(free))
                free--;
            chars.Add(symbol, free >= 0 ? (char)free-- : throw new ArgumentException("more symbols than chars"));
        }

        return (Strings(sources, Read<int>(folder, name + ".source.offsets")), Strings(targets, Read<int>(folder, name + ".target.offsets")));

        string[] Strings(int[] all, int[] offsets) =>
            [.. Enumerable.Range(0, offsets.Length - 1).Select(t => string.Concat(all[offsets[t]..offsets[t + 1]].Select(s => chars[s])))];
    }
}
