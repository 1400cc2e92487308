using System.Collections;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Resources;

namespace PtaKernels.CorpusBench;

/// <summary>The strings of a satellite assembly.</summary>
internal static class ResourceTexts
{
    /// <summary>The name of strings among the types of resources.</summary>
    private const string Text = "ResourceTypeCode.String";

    /// <summary>Every string, in the order of its names; none where the file is no such assembly.</summary>
    public static IEnumerable<string> Read(string file)
    {
        try
        {
            using var assembly = new PEReader(File.OpenRead(file));
            if (!assembly.HasMetadata || assembly.PEHeaders.CorHeader is not { } header)
                return [];
            MetadataReader metadata = assembly.GetMetadataReader();
            List<string> all = [];
            foreach (ManifestResource resource in metadata.ManifestResources.Select(metadata.GetManifestResource).Where(static r => r.Implementation.IsNil))
            {
                BlobReader blob = assembly.GetSectionData(header.ResourcesDirectory.RelativeVirtualAddress + (int)resource.Offset).GetReader();
                all.AddRange(Strings(blob.ReadBytes(blob.ReadInt32())));
            }

            return all;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException or ArgumentException)
        {
            return [];
        }
    }

    private static List<string> Strings(byte[] resource)
    {
        using var reader = new ResourceReader(new MemoryStream(resource));
        List<string> names = [];
        for (IDictionaryEnumerator entries = reader.GetEnumerator(); entries.MoveNext();)
            names.Add((string)entries.Key);
        List<string> all = [];
        foreach (string name in names.Order(StringComparer.Ordinal))
        {
            reader.GetResourceData(name, out string type, out byte[] data);
            if (type != Text)
                continue;
            using var text = new BinaryReader(new MemoryStream(data));
            string value = text.ReadString().Replace("\r\n", "\n", StringComparison.Ordinal).Trim();
            if (value.Length > 0 && !value.Contains('\0', StringComparison.Ordinal))
                all.Add(value);
        }

        return all;
    }
}
