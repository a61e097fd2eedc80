package privacy

import (
	"strings"
	"testing"
)

// findings returns what is found of the wanted entities, all if none is named, as NAME:TEXT.
func findings(text string, want ...entity) []string {
	var f finder
	for _, e := range want {
		f.want[e] = true
	}
	for i := range f.want {
		f.want[i] = f.want[i] || len(want) == 0
	}
	var all []string
	for _, x := range f.find([]byte(text)) {
		all = append(all, entityNames[x.entity]+":"+text[x.start:x.end])
	}
	return all
}

// In each text what stands in ‹› is found, and nothing else, with the entity alone wanted.
var tables = map[entity][]string{
	email: {
		"‹jane.doe@example.com›", "write to ‹jane@example.co.uk›.", "<‹a@b.io›>", "mailto:‹x+tag@mail.example.org›?subject=x",
		"(‹jane_doe-1@sub.example.com›)", "‹JANE@EXAMPLE.COM›", "\"‹o'brien@example.ie›\"", "'‹me@example.com›'", "‹foo@163.com›",
		"‹jose@example.com›.Then", "Grüße an ‹jürgen@müller.de›!", "请发邮件到‹foo@example.com›谢谢", "‹a@b.com›,‹c@d.com›",
		"...‹foo@example.com›...", "‹user@xn--bcher-kva.example›", "-‹a@b.com›-", "‹user@corp.local›", "a@b@‹c@d.com›", "‹root@example.com›:secret",
		"foo@bar", "foo@.com", "@example.com", "a@-b.com", "a@b-.com", "foo.@example.com", "pkg@1.2.3", "package@1.0.dev", "git@github.com:a/b", "@Override",
		"logo@2x.png", "a@b.notatld", strings.Repeat("a", 65) + "@b.com", "‹" + strings.Repeat("a", 64) + "@b.com›", "a@" + strings.Repeat("b", 64) + ".com",
		"a@b-.com", "a@b.com_x", "", "@", "a @ b.com", "x@y.", "foo@@bar.com",
	},
	url: {
		"‹http://example.com›", "see ‹https://example.com/a?b=c#d›.", "(‹http://example.com/a_(b)›)", "[x](‹http://e.com/a›), ‹ftp://e.com›", "<‹HTTP://E.com/›>",
		"‹http://localhost:8080/x›", "‹http://[2001:db8::1]:80/›", "‹http://user:pw@e.com/›", "'‹http://e.com›'", "‹www.example.com/a›, and ‹www.example.de›.", "请访问‹http://example.com›吧",
		"‹http://e.com/straße›", "\"‹https://e.com/%20x›\"", "view-source:‹http://e.com›", "‹http://a.com/http://b.com›", "`‹https://e.com/›`", "**‹https://e.com›**",
		"http://", "http:///x", "http://%s/", "xhttp://e.com", "foo://e.com", "://", "www.", "www.foo", "www.x.notatld", "a.www.example.com", "http//e.com", "file:///etc/passwd", "C://x",
	},
	ip: {
		"‹192.168.1.10›", "host ‹10.1.2.3›:80", "‹203.0.113.7›.", "(‹172.16.254.1›)", "‹10.0.0.0›/8", "‹198.51.100.0›/24", "‹10.0.0.1›-‹10.0.0.5›", "ip=‹93.184.216.34›,",
		"http://‹93.184.216.34›/", "‹2001:db8::1›", "[‹2001:db8:85a3::8a2e:370:7334›]:80", "‹fe80::1ff:fe23:4567:890a›%eth0", "‹2001:0db8:85a3:0000:0000:8a2e:0370:7334›", "‹fd12:3456:789a:1::1›/64", "‹2001:db8::›",
		"‹3.5.4.1›/24", "IP address ‹1.2.3.4›", "Governs-Id | 2.5.6.17", "17.9.1.1", "version 10.1.2.3", "Version=4.0.30.1", "v1.2.3.4", "1.2.3.4", "section 3.12.1.2", "10.0.0.0", "127.0.0.1", "0.0.0.0", "255.255.255.0", "256.1.1.1", "1.2.3", "192.168.1.10.5", "1.192.168.1.10",
		"192.168.01.1", "10.20.30.40-beta", "x192.168.1.10", "192.168.1.10x", "::1", "std::abc", "abc::def", "2001::g", "12:34:56", "fe80:", "2001:db8::1::2", "1:2:3:4:5:6:7:8", "feed::beef", "In 2024::", "‹2400::›/12", "ISO 10.10.3.4",
		"2001:db8:1:2:3:4:5:6:7", "2001:db8:12345::1",
	},
	mac: {
		"‹00:1a:2B:3c:4d:5e›", "‹00-1A-2B-3C-4D-5E›.", "‹001a.2b3c.4d5e›", "mac=‹01:23:45:67:89:01›", "‹00:1a:2b:ff:fe:3c:4d:5e›",
		"ff:ff:ff:ff:ff:ff", "00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5e:6f", "4D-5A-90-00-03-00-00-00", "00:1a-2b:3c:4d:5e", "g0:1a:2b:3c:4d:5e", "1234.5678.9012", "x00:1a:2b:3c:4d:5e", "‹00:1a:2b:3c:4d:5e›: up", "‹aa-bb-cc-dd-ee-ff›- x", "mac:‹00:1a:2b:3c:4d:5e›", "fe80:00:1a:2b:3c:4d:5e", "00:1a:2b:3c:4d:5e:f",
		"aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99",
	},
	card: {
		"‹4111111111111111›", "‹4111 1111 1111 1111›", "‹4111-1111-1111-1111›", "‹378282246310005›", "‹3782 822463 10005›", "‹5555555555554444›", "‹6011111111111117›", "‹3530111333300000›", "‹30569309025904›", "‹3056 930902 5904›",
		"‹4222222222222›", "/user/‹4111111111111111›", "a.‹4111111111111111›", "‹2223003122003222›", "‹5105105105105100›,x", "card:‹4012888888881881›.", "‹6200000000000005›",
		"4111111111111112", "4111 1111 1111 111", "41111111111111111", "1234567812345670", "0000000000000000", "4111-1111 1111-1111", "x4111111111111111", "4111111111111111x", "4111.1111.1111.1111", "0.4111111111111111", "-a-4111111111111111-b",
	},
	iban: {
		"‹DE89370400440532013000›", "‹DE89 3704 0044 0532 0130 00›", "‹GB82WEST12345698765432›", "‹GB82 WEST 1234 5698 7654 32›.", "‹NO9386011117947›", "‹MT84MALT011000012345MTLCAST001S›", "IBAN:‹FR1420041010050500013M02606›",
		"DE89370400440532013001", "DE8937040044053201300", "ZZ89370400440532013000", "de89370400440532013000", "xDE89370400440532013000", "DE89 3704 0044 0532 0130 0", "GB82 WEST", "DE89-3704-0044-0532-0130-00",
	},
	ssn: {
		"‹123-45-6789›", "‹078-05-1120›", "SSN: ‹219-09-9999›.", "SSN ‹123 45 6789›", "ssn=‹123456789›", "Social Security number is ‹123456789›", "a,‹123-45-6789›,b",
		"000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "123 45 6789", "123456789", "1123-45-6789", "123-45-67890", "x-123-45-6789", "123-45-6789-0", "123.45.6789", "123-456-789",
	},
	phone: {
		"‹+1-202-555-0143›", "‹+1 (202) 555-0143›", "‹+12025550143›", "‹+44 (0)20 7946 0958›", "‹+49 30 123456›,", "‹+33 1 23 45 67 89›", "‹+41 44 668 18 00›", "‹(202) 555-0143›", "‹(202)555-0143›", "‹202-555-0143›", "‹202.555.0143›", "‹1-800-555-0199›",
		"Tel: ‹030/1234567›", "phone number is ‹020 7946 0958›.", "Fax ‹(030) 123456›", "phone: ‹555-0143›", "Telefon ‹+49 (0) 30 1234567›", "mobile ‹2025550143›", "‹+86 138 1234 5678›", "‹+1 202 555 0143› 2024",
		"2024-01-15", "+5", "+999 12345678", "+1 123 456 7890", "102-555-0143", "202-155-0143", "911-555-0143", "2025550143", "202 555 0143", "0.202.555.0143", "978-3-16-148410-0", "x202-555-0143", "202-555-0143-1", "phone 12", "cell=00000220", "+7 123", "12+12025550143", "tel 2024-01-15", "192.168.100.2000",
		"1.202.555.01434", "202-555-01434",
	},
	wallet: {
		"‹1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa›", "‹3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy›", "‹bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4›", "‹BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4›", "‹bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0›",
		"‹0x52908400098527886E0F7030069857D2E4169EE7›", "‹0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed›", "‹0xde709f2102306220921060314715629080e2fb77›", "‹0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359›.",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "‹LTXfuESsgnZYtDxGfPXtMRHMLmmvbYLQGB›", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedf", "bc1QW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1111111111111111111111111111", "x_1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	},
	secret: {
		"‹AKIAIOSFODNN7EXAMPLE›", "‹ghp_16C7e42F292c6912E7710c838347Ae178B4a›", "‹github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg›", "‹glpat-abcdEFGH1234ijkl5678›", "\"‹xoxb-123456789012-abcdefABCDEF›\"",
		"key=‹AIzaSyA-1234567890abcdefghijklmnopqrstu›", "‹sk_live_4eC39HqLyjWDarjtT1zdp7dc›", "‹sk-proj-abcdefghijklmnopqrstuvwxyz0123456789›", "‹hf_abcdefghijklmnopqrstuvwxyzABCDEFGH›", "‹npm_abcdefghijklmnopqrstuvwxyz0123456789›",
		"‹eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U›", "‹-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK=\n-----END RSA PRIVATE KEY-----›\nx", "‹-----BEGIN PRIVATE KEY-----\nMIIEow\nIBAA=›\n\n the text",
		"password = \"‹x7Gh29LmQ4pZt8Kw›\"", "API_KEY: ‹9f86d081884c7d659a2feaa0c55ad015›", "\"client_secret\": \"‹aB3dE5fG7hI9jK1lM3nO›\",", "aws_secret_access_key=‹wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1›",
		"‹ghp_OFDUSkNflsQeyLMchYAtuMWmdAYDpFhXFMYI›", "‹AKIAABCDEFGHIJKLMNOP›", "ACCATTGACCATTGACCATT",
		"‹5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ›",
		"PublicKeyToken=b77a5c561934e089", "AKIAIOSFODNN7EXAMPL", "akiaiosfodnn7example", "ghp_short", "sk-this-is-only-a-long-css-class-name-here", "-----BEGIN CERTIFICATE-----\nMIIEow\n-----END CERTIFICATE-----", "password = getPassword(user1234567)", "token: aaaaaaaaaaaaaaaaaaa1", "password = \"correct horse battery 1\"", "tokens = 1234567890123456", "the key = x7Gh29LmQ4pZt8Kw", "eyJhbGciOiJIUzI1NiJ9.xyz", "my_AKIAIOSFODNN7EXAMPLE",
	},
}

func TestEntities(t *testing.T) {
	for e, list := range tables {
		for _, marked := range list {
			text := strings.NewReplacer("‹", "", "›", "").Replace(marked)
			var want []string
			for rest := marked; ; {
				_, after, ok := strings.Cut(rest, "‹")
				if !ok {
					break
				}
				in, after, _ := strings.Cut(after, "›")
				want, rest = append(want, entityNames[e]+":"+in), after
			}
			if got := findings(text, e); strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%.100q: have %.200q, want %.200q", text, got, want)
			}
		}
	}
}
